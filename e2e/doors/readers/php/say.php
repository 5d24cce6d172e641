<?php
function say(string $handler, ?string $page = null): void
{
    header('X-Backend: yes');
    header('Content-Type: application/json');
    echo json_encode([
        'handler' => $handler,
        'page' => $page,
        'path' => $_SERVER['REQUEST_URI'],
        'host' => $_SERVER['HTTP_HOST'] ?? null,
        'admin' => $_SERVER['HTTP_X_USER_ADMIN'] ?? null,
    ], JSON_INVALID_UTF8_SUBSTITUTE);
}
