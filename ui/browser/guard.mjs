// Who is refused, as a browser sees it: another host's name, another page, no token.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';

/** A name that this browser takes to this computer: what DNS rebinding does to a page from elsewhere. */
export const REBOUND = 'rebound.example';

/** Everything that may not be had by others, from a browser that is signed in. */
export async function checkGuard(context, link) {
  const node = new URL(link);
  await checkOtherName(context, node);
  await checkOtherPage(context, node);
}

async function checkOtherName(context, node) {
  const page = await context.newPage();
  const answer = await page.goto(`http://${REBOUND}:${node.port}/`);
  assert.equal(answer.status(), 403);
  assert.doesNotMatch(await answer.text(), /<script/);
  const called = await page.request.post(`${node.origin}/api/snapshot`, { headers: { host: `${REBOUND}:${node.port}`, 'x-manyhands': '1' }, data: {} });
  assert.equal(called.status(), 403);
  await page.close();
}

/** A page of another origin on the same computer, whose requests bring the cookie along. */
async function checkOtherPage(context, node) {
  const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<title>elsewhere</title>'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const got = await page.evaluate(async (origin) => {
    const attempt = (deed) => deed.then((answer) => answer.status ?? 'got through', () => 'refused');
    const headers = { 'x-manyhands': '1', 'content-type': 'application/json' };
    const streamed = new Promise((resolve, reject) => {
      const stream = new EventSource(`${origin}/api/events`, { withCredentials: true });
      stream.onopen = resolve;
      stream.onerror = reject;
    });
    return {
      read: await attempt(fetch(`${origin}/api/snapshot`, { method: 'POST', credentials: 'include', headers, body: '{}' })),
      page: await attempt(fetch(`${origin}/`, { credentials: 'include' })),
      stream: await attempt(streamed),
      // This one is sent without asking first; what it does must be nothing.
      blind: await attempt(fetch(`${origin}/api/donate`, { method: 'POST', mode: 'no-cors', credentials: 'include', body: '{"on":true}' })),
    };
  }, node.origin);
  assert.deepEqual(got, { read: 'refused', page: 'refused', stream: 'refused', blind: 'refused' });
  await page.close();
  server.close();
}
