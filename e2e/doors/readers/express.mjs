// node express.mjs PORT: Express as it comes, with letter case and a last slash left out of account.
// GATEHALL_TEST_TOOLS names the folder that has node_modules.

import { createRequire } from 'node:module';

const require = createRequire(`${process.env.GATEHALL_TEST_TOOLS}/`);
const express = require('express');

const app = express();
const say = (handler) => (request, response) => {
  response.set('X-Backend', 'yes').json({
    handler,
    path: request.path,
    host: request.headers.host,
    admin: request.headers['x-user-admin'] ?? null,
  });
};
app.all('/engine', say('engine'));
app.all('/engine/*rest', say('engine'));
app.use(say('other'));
app.listen(Number(process.argv[2]), '127.0.0.1');
