<?php
// The front controller of a small application: what is behind the script's name is the page.
require __DIR__ . '/say.php';
$page = rtrim(strtolower($_SERVER['PATH_INFO'] ?? ''), '/');
say($page === '/engine' || str_starts_with($page, '/engine/') ? 'engine' : 'other', $page);
