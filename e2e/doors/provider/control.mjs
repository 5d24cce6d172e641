// /_control/...: what a test may change. Bodies and answers are JSON.
//
//     POST   accounts/NAME   members to merge into the account; null takes one away
//     POST   rotate          {keep}: a new signing key; the old one stays published or not
//     POST   mint            {claims, header, key, alg, raw_payload, raw_prefix, raw_suffix} gives
//                            {token}: any signed text
//     POST   access-token    {account, client, audience, scope, seconds, overrides, ...as mint} gives
//                            {token, claims}: as this provider would issue it; no account: app-only
//     POST   mischief        {id_token: {...as mint}, response, delay_ms, bytes, body}: for the
//                            next answer with an ID token; several calls queue up
//     POST   jwks            {fail, slow, replace}
//     POST   discovery       {fail, merge}
//     POST   graph           {no_consent, fail, fail_after, next_host, slow}
//     POST   settings        {access_seconds, id_seconds}
//     GET    counts          hits of discovery, jwks, token, userinfo, graph
//     GET    facts           issuer, tenant, API, the ids of clients
//     DELETE everything      mischief, settings of jwks, discovery and graph, counts

import crypto from 'node:crypto';
import { API, TENANT } from './profiles.mjs';
import { merged, resign } from './answers.mjs';
import { readJson, sendJson } from './http.mjs';

function mint(world, { claims, header, ...how }) {
  return { token: resign(world, claims ?? {}, {}, { ...how, header }) };
}

// An access token as this provider would issue it, without asking anybody.
function accessToken(
  world,
  {
    account,
    client = 'open-webui',
    audience,
    scope = 'mcp',
    seconds = 3600,
    overrides = {},
    header,
    ...how
  },
) {
  const now = Math.floor(Date.now() / 1000);
  const claims = account && world.accounts.claims(account);
  if (account && !claims) throw new Error(`no account ${account}`);
  const parts = world.profile.accessToken({ account, claims, client, audience, scope });
  const payload = { ...parts.payload, iat: now, exp: now + seconds, jti: crypto.randomUUID() };
  const token = resign(world, payload, parts.header, { ...how, header, claims: overrides });
  return { token, claims: merged(payload, overrides) };
}

function set(world, what, value) {
  world.settings[what] = value;
  return {};
}

function reset(world) {
  Object.assign(world.settings, {
    access_seconds: 3600,
    id_seconds: 3600,
    jwks: {},
    discovery: {},
    graph: {},
  });
  world.mischief.length = 0;
  world.counts = {};
  return {};
}

function act(world, method, [what, name], body) {
  switch (`${method} ${what}`) {
    case 'POST accounts':
      world.accounts.change(decodeURIComponent(name), body);
      return world.accounts.claims(decodeURIComponent(name));
    case 'POST rotate':
      return { kid: world.keys.rotate(body.keep ?? false) };
    case 'POST mint':
      return mint(world, body);
    case 'POST access-token':
      return accessToken(world, body);
    case 'POST mischief':
      world.mischief.push(body);
      return {};
    case 'POST jwks':
      return set(world, 'jwks', body);
    case 'POST discovery':
      return set(world, 'discovery', body);
    case 'POST graph':
      return set(world, 'graph', body);
    case 'POST settings':
      Object.assign(world.settings, body);
      return world.settings;
    case 'GET counts':
      return { discovery: 0, jwks: 0, token: 0, userinfo: 0, graph: 0, ...world.counts };
    case 'GET facts':
      return {
        issuer: world.profile.issuer,
        tenant: TENANT,
        api: API,
        clients: ['gatehall', 'open-webui', 'robot'],
      };
    case 'DELETE everything':
      return reset(world);
    default:
      return undefined;
  }
}

export async function control(world, request, response) {
  const path = new URL(request.url, world.origin).pathname.split('/').slice(2);
  const answer = act(world, request.method, path, await readJson(request));
  sendJson(response, answer ? 200 : 404, answer ?? { error: 'no such control' });
}
