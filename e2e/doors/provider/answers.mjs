// What the provider's own answers become on their way out: counted, made to look like the
// profile's, and spoiled when a test asked for it.

import { pause, sendJson } from './http.mjs';

const decode = (part) => JSON.parse(Buffer.from(part, 'base64url'));

export function merged(claims, changes = {}) {
  const all = { ...claims, ...changes };
  for (const name of Object.keys(all)) if (all[name] === null) delete all[name];
  return all;
}

// changes: claims, header (null takes a member away), key, alg, raw_payload (the whole text),
// raw_prefix and raw_suffix (text inside the braces, so that a member can appear twice).
export function resign(world, claims, header, changes = {}) {
  const all = merged(claims, changes.claims);
  let text = JSON.stringify(all);
  if (changes.raw_prefix) text = `{${changes.raw_prefix},${text.slice(1)}`;
  if (changes.raw_suffix) text = `${text.slice(0, -1)},${changes.raw_suffix}}`;
  return world.keys.sign(changes.raw_payload ?? text, {
    header: { ...header, ...changes.header },
    alg: changes.alg,
    key: changes.key,
    secret: world.secret,
  });
}

function changeIdToken(world, body, changes) {
  const claims = decode(body.id_token.split('.')[1]);
  if (world.profile.issuerFor) claims.iss = world.profile.issuerFor(claims);
  body.id_token = resign(world, claims, {}, changes);
}

// A spoiled answer instead of a good one; what it is not asked to spoil stays good.
async function spoil(ctx, { response, delay_ms: delay = 3000, bytes = 2_000_000, body }) {
  switch (response) {
    case undefined:
      break;
    case 'drop_id_token':
      delete ctx.body.id_token;
      break;
    case 'drop_access_token':
      delete ctx.body.access_token;
      break;
    case 'slow':
      await pause(delay);
      break;
    case '500':
      ctx.status = 500;
      ctx.body = { error: 'server_error' };
      break;
    case 'invalid_grant':
      ctx.status = 400;
      ctx.body = { error: 'invalid_grant' };
      break;
    case 'html':
      ctx.type = 'html';
      ctx.body = '<!DOCTYPE html><p>Down for maintenance</p>';
      break;
    case 'junk':
      ctx.type = 'json';
      ctx.body = `{"id_token":"${'x'.repeat(bytes)}"}`;
      break;
    case 'redirect':
      ctx.status = 307;
      ctx.set('location', body);
      ctx.body = '';
      break;
    case 'reset':
      ctx.respond = false;
      ctx.req.socket.destroy();
      break;
    case 'raw':
      ctx.type = 'json';
      ctx.body = body;
      break;
    default:
      throw new Error(`unknown mischief ${response}`);
  }
}

async function tokenAnswer(world, ctx) {
  world.count('token');
  if (ctx.status !== 200) return;
  if (!ctx.body.scope) delete ctx.body.scope;
  const mischief = ctx.body.id_token ? world.mischief.shift() : undefined;
  if (ctx.body.id_token) changeIdToken(world, ctx.body, mischief?.id_token);
  if (mischief) await spoil(ctx, mischief);
}

function discoveryAnswer(world, ctx) {
  world.count('discovery');
  if (!world.profile.sendsIssuerBack)
    delete ctx.body.authorization_response_iss_parameter_supported;
  world.profile.adjustDiscovery?.(ctx.body, ctx.req.askedAt);
  const { fail, merge } = world.settings.discovery;
  if (fail) {
    ctx.status = 503;
    ctx.body = 'unavailable';
  } else ctx.body = merged(ctx.body, merge);
}

async function jwksAnswer(world, ctx) {
  world.count('jwks');
  const { fail, slow, replace } = world.settings.jwks;
  if (slow) await pause(slow);
  if (fail) {
    ctx.status = 503;
    ctx.body = 'unavailable';
  } else ctx.body = replace ?? world.keys.jwks();
}

function authorizationAnswer(world, ctx) {
  const location = ctx.response.get('location');
  if (world.profile.sendsIssuerBack || !location) return;
  const url = URL.parse(location, world.origin);
  if (!url.searchParams.has('iss')) return;
  url.searchParams.delete('iss');
  ctx.set('location', url.href);
}

export function watchAnswers(world, provider) {
  provider.use(async (ctx, next) => {
    await next();
    switch (ctx.oidc?.route) {
      case 'token':
        return tokenAnswer(world, ctx);
      case 'discovery':
        return discoveryAnswer(world, ctx);
      case 'jwks':
        return jwksAnswer(world, ctx);
      case 'userinfo':
        return world.count('userinfo');
      case 'authorization':
      case 'resume':
        return authorizationAnswer(world, ctx);
      default:
        return undefined;
    }
  });
}

// oidc-provider keeps JWT access tokens away from its userinfo; Authentik takes them there.
export async function answerUserinfo(world, request, response) {
  const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
  const claims = token.split('.').length === 3 ? world.keys.open(token) : undefined;
  const found = claims && world.accounts.byId(claims.sub);
  if (!found) return false;
  world.count('userinfo');
  sendJson(response, 200, world.accounts.claims(found.name));
  return true;
}
