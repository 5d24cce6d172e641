<?php
// The page of the open folder, which PHP's server shows for whatever is not in it.
require __DIR__ . '/../say.php';
say('other');
