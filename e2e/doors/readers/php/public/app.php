<?php
// The same application, with its script in the folder that is open.
require __DIR__ . '/../index.php';
