// How far the official TypeScript client gets without registration: from a 401 to the page where a
// user would sign in.
//
//     node discover.mjs URL
//
// Prints one line of JSON: what it learnt of the resource, and where it would send the user.

import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.env.GATEHALL_TEST_TOOLS, 'package.json'));
const { auth, discoverOAuthServerInfo } = require('@modelcontextprotocol/client');

const serverUrl = process.argv[2];
const info = await discoverOAuthServerInfo(serverUrl);
let sent;
const provider = {
  redirectUrl: 'http://127.0.0.1:9/callback',
  clientMetadata: { redirect_uris: ['http://127.0.0.1:9/callback'] },
  clientInformation: () => ({ client_id: 'open-webui' }),
  tokens: () => undefined,
  saveTokens: () => {},
  saveCodeVerifier: () => {},
  codeVerifier: () => 'unused',
  redirectToAuthorization: (url) => { sent = url.href; },
};
const result = await auth(provider, { serverUrl });
console.log(JSON.stringify({ resource: info.resourceMetadata, result, sent }));
