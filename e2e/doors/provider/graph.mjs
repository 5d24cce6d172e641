// The one call of Microsoft Graph that resolves an overage, two groups a page.

import { pause, sendJson } from './http.mjs';

const PATH = '/v1.0/me/transitiveMemberOf/microsoft.graph.group';
const PAGE = 2;

async function holder({ accounts, keys }, provider, token) {
  const known = await provider.AccessToken.find(token);
  if (known) return accounts.byId(known.accountId)?.name;
  const oid = token.split('.').length === 3 ? keys.open(token)?.oid : undefined;
  return oid && Object.keys(accounts.all).find((name) => accounts.claims(name).oid === oid);
}

// settings.graph: fail (a status, or true for 503), fail_after (pages that still work), next_host
// (where the next page is said to be), slow (milliseconds).
export async function graph(world, provider, request, response) {
  world.count('graph');
  const { fail, fail_after: working = 0, next_host: host, slow } = world.settings.graph;
  const url = new URL(request.url, world.origin);
  if (url.pathname !== PATH)
    return sendJson(response, 404, { error: { code: 'ResourceNotFound' } });
  const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
  const name = token && (await holder(world, provider, token));
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
