<?php
require __DIR__ . '/../say.php';
say('engine');
