// The login page: one field for the name, no password. A plain HTTP client can post it too.

import { readBody } from './http.mjs';

const page = (name, notice = '') => `<!DOCTYPE html>
<title>Sign in to ${name}</title>
<h1>Sign in to ${name}</h1>
<form method="post">
<p>${notice}</p>
<label>Name <input name="login" id="login" autofocus></label>
<button type="submit" id="sign-in">Sign in</button>
<button type="submit" id="cancel" name="cancel" value="yes">Cancel</button>
</form>
`;

// The page is from before the person signed in elsewhere, or went back to it.
async function beginAgain(world, provider, request, response) {
  const uid = new URL(request.url, world.origin).pathname.split('/').at(-1);
  const old = await provider.Interaction.find(uid);
  if (!old)
    return response.writeHead(400, { 'content-type': 'text/plain' }).end('This login is over.\n');
  const again = new URL(provider.urlFor('authorization'));
  for (const [name, value] of Object.entries(old.params))
    if (value !== undefined) again.searchParams.set(name, value);
  return response.writeHead(303, { location: again.href }).end();
}

export async function interaction(world, provider, request, response) {
  const details = await provider.interactionDetails(request, response).catch(() => undefined);
  if (!details) return beginAgain(world, provider, request, response);
  const finish = (result) => provider.interactionFinished(request, response, result);
  if (details.prompt.name === 'consent') return finish({ consent: {} });
  const show = (status, notice) => {
    response.writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
    });
    response.end(page(world.profile.name, notice));
  };
  if (request.method !== 'POST') return show(200);
  const form = new URLSearchParams((await readBody(request)).toString());
  if (form.has('cancel')) {
    return finish({ error: 'access_denied', error_description: 'The <b>user</b> cancelled' });
  }
  const id = world.accounts.id(form.get('login'));
  if (!id || !world.accounts.byId(id)) return show(403, 'Nobody has this name.');
  return finish({ login: { accountId: id } });
}
