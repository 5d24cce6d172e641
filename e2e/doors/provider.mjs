// An OpenID provider for the tests: the certified oidc-provider, made to look like one of three.
//
//     node provider.mjs --port N --profile entra|authentik|generic --accounts FILE
//         [--redirect URL]... [--post-logout URL]... [--backchannel URL]
//         [--origin https://HOST:N --address ADDRESS --certificate FILE --key FILE]
//
// PROVIDER_CLIENT_SECRET is the secret of all its clients; GATEHALL_TEST_TOOLS names the folder
// that has node_modules. /_control/... changes how it behaves (see provider/control.mjs).
// Prints one line of JSON with its issuer when it is ready. With an origin of its own it speaks TLS
// at that address; else it is at 127.0.0.1.

import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { parseArgs } from 'node:util';
import { Accounts } from './provider/accounts.mjs';
import { control } from './provider/control.mjs';
import { graph } from './provider/graph.mjs';
import { interaction } from './provider/interaction.mjs';
import { Keys } from './provider/keys.mjs';
import { answerUserinfo, watchAnswers } from './provider/answers.mjs';
import { profiles } from './provider/profiles.mjs';
import { buildProvider } from './provider/setup.mjs';

const { values: options } = parseArgs({
  options: {
    port: { type: 'string' },
    profile: { type: 'string', default: 'generic' },
    accounts: { type: 'string' },
    redirect: { type: 'string', multiple: true, default: [] },
    'post-logout': { type: 'string', multiple: true, default: [] },
    backchannel: { type: 'string' },
    origin: { type: 'string' },
    address: { type: 'string', default: '127.0.0.1' },
    certificate: { type: 'string' },
    key: { type: 'string' },
  },
});

const origin = options.origin ?? `http://127.0.0.1:${options.port}`;
const profile = profiles[options.profile](origin);
const world = {
  origin,
  options,
  profile,
  secret: process.env.PROVIDER_CLIENT_SECRET,
  accounts: new Accounts(profile, options.accounts),
  keys: new Keys(profile),
  counts: {},
  mischief: [],
  // What /_control/settings changes.
  settings: { access_seconds: 3600, id_seconds: 3600, jwks: {}, discovery: {}, graph: {} },
  count(what) {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  },
};

const provider = await buildProvider(world);
watchAnswers(world, provider);
const certified = provider.callback();
const mount = new URL(profile.issuer).pathname.replace(/\/$/, '');
// Entra has the endpoints of each tenant, and the same ones under the names of no tenant.
const mounts = [mount, ...(profile.alsoMountedAt ?? [])];

async function answer(request, response) {
  const { pathname } = new URL(request.url, origin);
  if (pathname.startsWith('/_control/')) return control(world, request, response);
  if (pathname.startsWith('/v1.0/')) return graph(world, provider, request, response);
  const at = mounts.find((prefix) => pathname.startsWith(`${prefix}/`));
  if (at === undefined) return response.writeHead(404).end('not found\n');
  const inside = pathname.slice(at.length);
  if (inside.startsWith('/interaction/')) return interaction(world, provider, request, response);
  if (inside === '/me' && (await answerUserinfo(world, request, response))) return undefined;
  if (inside === '/auth') profile.adjustAuthorization?.(request);
  request.originalUrl = request.url;
  request.url = request.url.slice(at.length);
  request.askedAt = at;
  return certified(request, response);
}

function serve(request, response) {
  answer(request, response).catch((error) => {
    console.error(error);
    if (!response.headersSent) response.writeHead(500);
    response.end(`${error.message}\n`);
  });
}

const read = (file) => fs.readFileSync(file);
const server = options.certificate
  ? https.createServer({ cert: read(options.certificate), key: read(options.key) }, serve)
  : http.createServer(serve);
server.listen(Number(options.port), options.address, () => {
  console.log(JSON.stringify({ issuer: profile.issuer }));
});
