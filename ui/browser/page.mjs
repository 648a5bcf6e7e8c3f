// The page in a real browser, served by the real `manyhands serve --web`: a film goes in, and comes out proved.
// `npm run test:browser`. Says loudly that it is skipped where there is no Chromium.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { browserPath } from './fake.mjs';
import { skipped } from './skip.mjs';

const root = new URL('../../', import.meta.url).pathname;
const PATIENCE = 120_000;

if (!browserPath) skipped('page in a browser', 'Chromium is not installed');
const program = process.env.MANYHANDS ?? join(root, 'target/debug/manyhands');
if (!existsSync(program)) {
  process.stderr.write(`${program} is not built: cargo build -p cli\n`);
  process.exit(1);
}

/** Starts a node with this data folder; gives the link to its page and a way to stop it. */
async function serve(folder) {
  const words = ['serve', '--data', folder, '--no-mdns', '--listen', '127.0.0.1:0', '--web', '127.0.0.1:0'];
  const node = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
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

/** The ffmpeg to make clips with: the one named, the pinned one, the system's. */
function findFfmpeg() {
  const pinned = join(root, '.tools/ffmpeg');
  const platforms = existsSync(pinned) ? readdirSync(pinned) : [];
  const found = platforms.map((name) => join(pinned, name, 'ffmpeg')).find((path) => existsSync(path));
  return process.env.MANYHANDS_FFMPEG ?? found ?? 'ffmpeg';
}

function makeFilm(path) {
  const sources = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=6', '-f', 'lavfi', '-i', 'sine=d=6'];
  execFileSync(findFfmpeg(), ['-v', 'error', '-nostdin', ...sources, '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-c:a', 'aac', path]);
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

async function checkFilm(browser, folder) {
  const film = join(folder, 'été #1.mkv');
  makeFilm(film);
  const { link, stop } = await serve(join(folder, 'data'));
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

    // A file is chosen by keyboard, offered with what is in it, started.
    const chooser = page.waitForEvent('filechooser');
    await page.getByTestId('drop-zone').focus();
    await page.keyboard.press('Enter');
    await (await chooser).setFiles(film);
    await page.getByTestId('offer-item').getByText('320×180').waitFor();
    await page.getByRole('radio', { name: 'Plays everywhere' }).check();
    await page.getByText(/h264\.mp4/).waitFor();
    await page.getByTestId('start').click();

    // It is done, proved, and can be taken home.
    await page.locator('[data-testid=job][data-state=completed]').waitFor();
    const verdict = await page.getByTestId('job-state').innerText();
    assert.match(verdict, /^Done\./);
    const download = page.waitForEvent('download');
    await page.getByText('Download', { exact: true }).click();
    const taken = await (await download).path();
    assert.equal((await download).suggestedFilename(), 'été #1.h264.mp4');
    assert.equal(readFileSync(taken).subarray(4, 8).toString(), 'ftyp');
    await page.screenshot({ path: join(root, 'target/page-done.png'), fullPage: true });
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
    await stop();
  }
}

const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
const folder = mkdtempSync(join(tmpdir(), 'manyhands-page-'));
try {
  await checkFilm(browser, folder);
  await checkPairing(browser, folder);
  process.stdout.write('page in a browser: ok\n');
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
