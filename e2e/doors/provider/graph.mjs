// The call of Microsoft Graph that resolves an overage, two groups a page: of whoever holds the
// token, or of anybody, where an application asks with a token of its own.

import { pause, sendJson } from './http.mjs';

const PATH = new RegExp(
  '^/v1.0/(?:me|users/([0-9a-f-]{36}))/transitiveMemberOf/microsoft.graph.group$',
);
const PAGE = 2;

function named({ accounts }, oid) {
  return oid && Object.keys(accounts.all).find((name) => accounts.claims(name).oid === oid);
}

async function holder(world, provider, token) {
  const known = await provider.AccessToken.find(token);
  if (known) return world.accounts.byId(known.accountId)?.name;
  return named(world, token.split('.').length === 3 ? world.keys.open(token)?.oid : undefined);
}

// An application's own token, for Graph and for nothing else.
function isApplication({ keys, origin }, token) {
  const claims = token.split('.').length === 3 ? keys.open(token) : undefined;
  return claims?.idtyp === 'app' && claims.aud === origin && claims.azp === 'gatehall';
}

// settings.graph: no_consent (an application may not ask), fail (a status, or true for 503),
// fail_after (pages that still work), next_host (where the next page is said to be), slow
// (milliseconds).
export async function graph(world, provider, request, response) {
  world.count('graph');
  const { no_consent: noConsent, fail, fail_after: working = 0, next_host: host, slow } =
    world.settings.graph;
  const url = new URL(request.url, world.origin);
  const path = PATH.exec(url.pathname);
  if (!path)
    return sendJson(response, 404, { error: { code: 'ResourceNotFound' } });
  const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
  const oid = path[1];
  if (oid && noConsent)
    return sendJson(response, 403, { error: { code: 'Authorization_RequestDenied' } });
  const name = oid
    ? isApplication(world, token) && named(world, oid)
    : token && (await holder(world, provider, token));
  if (!name) return sendJson(response, 401, { error: { code: 'InvalidAuthenticationToken' } });
  const skip = Number(url.searchParams.get('$skiptoken') ?? 0);
  if (slow) await pause(slow);
  if (fail && skip / PAGE >= working)
    return sendJson(response, fail === true ? 503 : fail, {
      error: { code: 'ServiceUnavailable' },
    });
  const groups = world.accounts.all[name].graph_groups ?? [];
  const answer = {
    '@odata.context': `${world.origin}/v1.0/$metadata#groups(id)`,
    value: groups.slice(skip, skip + PAGE).map((id) => ({ id })),
  };
  if (skip + PAGE < groups.length) {
    const next = new URL(url);
    next.searchParams.set('$skiptoken', skip + PAGE);
    answer['@odata.nextLink'] = host ? next.href.replace(world.origin, host) : next.href;
  }
  return sendJson(response, 200, answer);
}
