// The page in a real browser, served by the real `manyhands serve --web`: a film goes in, and comes out proved.
// `npm run test:browser`. Says loudly that it is skipped where there is no Chromium.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { browserPath } from './fake.mjs';
import { makeFilm, numbers, times } from './film.mjs';
import { checkGuard, REBOUND } from './guard.mjs';
import { skipped } from './skip.mjs';

const root = new URL('../../', import.meta.url).pathname;
/** What takes longer hangs: the machine may be busy with much else. */
const PATIENCE = 300_000;

if (!browserPath) skipped('page in a browser', 'Chromium is not installed');
const program = process.env.MANYHANDS ?? join(root, 'target/debug/manyhands');
if (!existsSync(program)) {
  process.stderr.write(`${program} is not built: cargo build -p cli\n`);
  process.exit(1);
}

/** Starts a node with this data folder; gives the link to its page and a way to stop it. */
async function serve(folder, name = 'This') {
  const words = ['serve', '--data', folder, '--name', name, '--no-mdns', '--listen', '127.0.0.1:0', '--web', '127.0.0.1:0'];
  const node = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, MANYHANDS_SEGMENT_SECONDS: '1' } });
  const ended = new Promise((resolve) => node.once('exit', resolve));
  const link = await new Promise((resolve, reject) => {
    createInterface(node.stdout).on('line', (line) => {
      const found = line.match(/http:\/\/\S+#token=[0-9a-f]{64}/);
      if (found) resolve(found[0]);
    });
    ended.then((code) => reject(new Error(`the node ended with ${code} before it gave a link`)));
  });
  const stop = async () => {
    node.kill('SIGTERM');
    return ended;
  };
  return { link, stop };
}

/** A page that notes everything that goes wrong on it. */
async function newPage(context, problems) {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.on('pageerror', (error) => problems.push(`error: ${error}`));
  page.on('console', (line) => line.type() === 'error' && problems.push(`console: ${line.text()}`));
  return page;
}

/** Two computers are paired by an invite, all with the mouse; one begins to help, and they part again. */
async function checkPairing(browser, folder) {
  const problems = [];
  const nodes = await Promise.all(['first', 'second'].map((name) => serve(join(folder, name))));
  try {
    const [first, second] = await Promise.all(nodes.map(async ({ link }) => {
      const page = await newPage(await browser.newContext(), problems);
      await page.goto(link);
      await page.getByText('1 computer ready.').waitFor();
      return page;
    }));
    await first.getByTestId('invite').click();
    const invite = await first.getByTestId('invite-line').inputValue();
    assert.match(invite, /^mh1:/);
    await second.getByText('Paste an invite').click();
    await second.getByTestId('invite-paste').fill(invite);
    await second.getByTestId('invite-paste').press('Enter');
    await second.getByText('Paired with').waitFor();
    await second.getByRole('switch', { name: 'Donate this machine' }).click();
    await first.getByText('2 computers ready.').waitFor();
    // What each may ask of the other is switched where it stands, counts at once and is told over there.
    for (const page of [first, second]) await page.getByTestId('rights').locator('summary').click();
    const may = (page, name) => page.getByTestId('rights').getByRole('switch', { name });
    await may(second, /may use this computer$/).click();
    await first.getByText('There, but no longer helps this computer').waitFor();
    await first.getByText('1 computer ready.').waitFor();
    await may(second, /may use this computer$/).click();
    await first.getByText('2 computers ready.').waitFor();
    await may(first, /^This computer may use/).click();
    await second.getByText('does not ask this computer.').waitFor();
    await first.getByRole('button', { name: /^Unpair/ }).click();
    await first.getByRole('button', { name: 'Unpair', exact: true }).click();
    await first.getByTestId('computer').waitFor({ state: 'detached' });
    await first.getByText('1 computer ready.').waitFor();

    // What is no invite is refused with a sentence.
    await second.getByText('Paste an invite').click();
    await second.getByTestId('invite-paste').fill(invite.slice(0, 40));
    await second.getByTestId('invite-paste').press('Enter');
    await second.getByRole('alert').getByText(/invite/i).waitFor();
    // The browser itself notes the refused call; nothing else may be noted.
    assert.deepEqual(problems.filter((line) => !/status of 4\d\d/.test(line)), []);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
  }
}

/** A call as the page makes it. */
function call(page, name, args = {}) {
  return page.evaluate(async ([name, args]) => {
    const headers = { 'x-manyhands': '1', 'content-type': 'application/json' };
    const answer = await fetch(`/api/${name}`, { method: 'POST', headers, body: JSON.stringify(args) });
    return answer.json();
  }, [name, args]);
}

/** Two nodes that help the one on this page. */
async function bringDonors(browser, page, folder) {
  const nodes = await Promise.all(['Attic', 'Barn'].map((name) => serve(join(folder, name), name)));
  for (const { link } of nodes) {
    const donor = await newPage(await browser.newContext(), []);
    await donor.goto(link);
    await donor.getByTestId('ready').waitFor();
    await call(donor, 'pair', { invite: (await call(page, 'invite')).text });
    await call(donor, 'donate', { on: true });
    await donor.close();
  }
  await page.getByText('3 computers ready.').waitFor();
  return () => Promise.all(nodes.map((node) => node.stop()));
}

/** What there is to see of a video that is done: pictures that are there, the same frame twice, the receipt. */
async function lookAtResult(page) {
  const drawn = (id) => page.waitForFunction((id) => document.querySelector(`[data-testid=${id}]`)?.naturalWidth > 0, id);
  await page.getByTestId('compare').click();
  await page.getByText('The same frame of both.').waitFor();
  await drawn('before');
  await drawn('after');
  const first = await page.getByTestId('compare-at').innerText();
  await page.getByTestId('next-frame').click();
  await page.waitForFunction((old) => document.querySelector('[data-testid=compare-at]').innerText !== old, first);
  await page.getByText('The same frame of both.').waitFor();
  await page.screenshot({ path: join(root, 'target/page-compare.png') });
  await page.keyboard.press('Escape');
  await page.getByTestId('receipt').click();
  await page.getByTestId('receipt-details').getByText('yes, proved').waitFor();
  // Where its time went, computer by computer, as a picture too; and what came of it.
  await page.getByTestId('timeline').click();
  await page.getByTestId('time-row').nth(1).waitFor();
  await page.getByTestId('time-row').first().focus();
  await page.keyboard.press('Home');
  await page.getByTestId('time-about').getByText(/Part \d+.*good/).waitFor();
  const picture = page.waitForEvent('download');
  await page.getByTestId('time-png').click();
  assert.equal(readFileSync(await (await picture).path()).subarray(1, 4).toString(), 'PNG');
  await page.screenshot({ path: join(root, 'target/page-timeline.png') });
  await page.keyboard.press('Escape');
  await page.getByTestId('page-figures').click();
  await page.getByTestId('figures-computer').nth(1).waitFor();
  await page.getByTestId('page-history').click();
  await page.getByTestId('search').fill('ete');
  await page.getByTestId('past').getByText('été #1.mkv').waitFor();
  // Presets are kept by the node, and leave it as a file.
  const [{ choice }] = await call(page, 'jobs');
  await call(page, 'set_wishes', { wishes: { last: null, presets: [{ name: 'Télé', choice }] } });
  await page.getByTestId('page-settings').click();
  const file = page.waitForEvent('download');
  await page.getByTestId('export').click();
  assert.equal(JSON.parse(readFileSync(await (await file).path(), 'utf8')).presets[0].name, 'Télé');
  await page.getByTestId('page-doctor').click();
  await page.getByTestId('finding').first().waitFor();
  await page.getByTestId('page-work').click();
}

async function checkFilm(browser, folder) {
  const film = join(folder, 'été #1.mkv');
  makeFilm(film, 30);
  const { link, stop } = await serve(join(folder, 'data'));
  let stopDonors = async () => undefined;
  try {
    const problems = [];
    const context = await browser.newContext({ acceptDownloads: true });
    const page = await newPage(context, problems);

    // The link opens the page, and the secret leaves the address.
    await page.goto(link);
    await page.getByText('1 computer ready.').waitFor();
    assert.equal(new URL(page.url()).hash, '');
    await page.reload();
    await page.getByTestId('ready').waitFor();
    stopDonors = await bringDonors(browser, page, folder);

    // A file is chosen by keyboard, offered with what is in it, started.
    const chooser = page.waitForEvent('filechooser');
    await page.getByTestId('drop-zone').focus();
    await page.keyboard.press('Enter');
    await (await chooser).setFiles(film);
    await page.getByTestId('offer-item').getByText('320×180').waitFor();
    await page.getByRole('radio', { name: 'Plays everywhere' }).check();
    await page.getByText(/h264\.mp4/).waitFor();
    await page.getByTestId('offer-item').getByRole('img').waitFor();
    await page.getByTestId('forecast-smaller').getByText(/on 3 computers/).waitFor();
    await page.getByTestId('start').click();

    // One sees who works on it, and how far they are.
    await page.locator('[data-testid=job][data-state=processing]').waitFor();
    await page.getByTestId('job').getByText('Attic').waitFor();
    await page.waitForFunction(() => document.querySelector('[data-testid=job] progress')?.value > 0);

    // It is done, proved, and can be taken home.
    await page.locator('[data-testid=job][data-state=completed]').waitFor();
    const verdict = await page.getByTestId('job-state').innerText();
    assert.match(verdict, /^Done\./);
    const download = page.waitForEvent('download');
    await page.getByText('Download', { exact: true }).click();
    const taken = await (await download).path();
    assert.equal((await download).suggestedFilename(), 'été #1.h264.mp4');
    assert.equal(readFileSync(taken).subarray(4, 8).toString(), 'ftyp');
    const [job] = await call(page, 'jobs');
    assert.deepEqual(readFileSync(taken), readFileSync(job.state.outcome.output));
    assert.ok(job.hands.length >= 2, 'nobody helped');
    // What was taken home is the film: each frame by the number in its picture, in order, at its time.
    const home = join(folder, 'home.mp4');
    copyFileSync(taken, home);
    assert.deepEqual(numbers(home), Array.from({ length: 750 }, (_, frame) => frame));
    assert.deepEqual(times(home), times(film));
    await checkGuard(context, link);
    assert.equal((await call(page, 'settings')).donating, false);
    await page.screenshot({ path: join(root, 'target/page-done.png'), fullPage: true });
    await lookAtResult(page);
    assert.deepEqual(problems, []);

    // Whoever has no link sees why there is nothing to see, and nothing else.
    const stranger = await newPage(await browser.newContext(), []);
    await stranger.goto(new URL('/', link).href);
    await stranger.getByTestId('trouble').getByText('Open the link that Manyhands printed').waitFor();
    assert.equal(await stranger.getByTestId('drop-zone').count(), 0);

    // The node goes: the page says so, and does not pretend.
    assert.equal(await stop(), 0);
    await page.getByTestId('trouble').getByText('does not answer').waitFor();
  } finally {
    await Promise.all([stop(), stopDonors()]);
  }
}

/** Films as they lie about: of many kinds, and with other files between them. Gives those that are to be made smaller. */
function fillShelf(media) {
  mkdirSync(join(media, 'Séries'), { recursive: true });
  const films = {
    'été.mkv': undefined,
    'old.avi': ['-c:v', 'mpeg4', '-q:v', '2', '-c:a', 'libmp3lame'],
    'Séries/tape.ts': ['-c:v', 'mpeg2video', '-q:v', '2', '-bf', '2', '-c:a', 'mp2'],
    'Séries/band.webm': ['-c:v', 'libvpx-vp9', '-crf', '10', '-b:v', '0', '-deadline', 'realtime', '-cpu-used', '8', '-c:a', 'libopus'],
  };
  for (const [name, codecs] of Object.entries(films)) makeFilm(join(media, name), 6, codecs);
  makeFilm(join(media, 'right.mkv'), 1, ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error', '-c:a', 'aac']);
  writeFileSync(join(media, 'broken.mkv'), 'no film '.repeat(1000));
  writeFileSync(join(media, 'empty.mp4'), '');
  writeFileSync(join(media, 'notes.txt'), 'no film');
  return Object.keys(films);
}

/** A folder is watched, with the mouse: its films are taken, whatever has no need of it and its own results are not. */
async function checkLibrary(browser, folder) {
  const media = join(folder, 'media');
  const films = fillShelf(media);
  const { link, stop } = await serve(join(folder, 'shelf'));
  try {
    const problems = [];
    const page = await newPage(await browser.newContext(), problems);
    await page.goto(link);
    await page.getByText('1 computer ready.').waitFor();
    await page.getByTestId('page-library').click();
    await page.getByTestId('library-path').fill(media);
    await page.getByTestId('watch').click();
    await page.getByTestId('rules-dialog').getByTestId('takes').getByText(/4 of 7/).waitFor();
    assert.equal((await call(page, 'settings')).library.folders.length, 0, 'a look sets something');
    await page.getByTestId('keep-rules').click();
    await page.getByTestId('folder').waitFor();
    // Nobody waits a minute here to see that a file stays as it is.
    const settings = await call(page, 'settings');
    settings.library.folders[0].stable_s = 1;
    settings.library.folders[0].rules[0].make.speed = 'fast';
    await call(page, 'set_settings', { settings });
    const shows = (state, films) => page.getByTestId(`state-${state}`).getByText(String(films), { exact: true }).waitFor();
    await shows('done', films.length);
    await page.getByTestId('saved').waitFor();
    const results = readdirSync(media, { recursive: true }).filter((name) => name.endsWith('.hevc.mkv'));
    assert.deepEqual(results.map((name) => name.replace('.hevc.mkv', '')).sort(), films.map((name) => name.replace(/\.\w+$/, '')).sort());
    for (const name of results) assert.deepEqual(numbers(join(media, name)), Array.from({ length: 150 }, (_, frame) => frame), name);
    await page.getByTestId('scan-all').click();
    await shows('left', 3 + films.length);
    await page.getByTestId('state-left').click();
    for (const says of ['Manyhands made it.', 'It is empty.', /“Films” does not take it: it is hevc already/]) await page.getByTestId('films').getByText(says).first().waitFor();
    await page.screenshot({ path: join(root, 'target/page-library.png'), fullPage: true });
    assert.equal(readdirSync(media, { recursive: true }).length, 1 + 8 + films.length);
    assert.deepEqual(problems, []);
  } finally {
    await stop();
  }
}

const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', `--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`] });
const folder = mkdtempSync(join(tmpdir(), 'manyhands-page-'));
try {
  await checkFilm(browser, folder);
  await checkPairing(browser, folder);
  await checkLibrary(browser, folder);
  process.stdout.write('page in a browser: ok\n');
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
