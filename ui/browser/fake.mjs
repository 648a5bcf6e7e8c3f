// The page with the fake host in a real browser: one server for pictures, accessibility checks and measurements.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { chromium } from 'playwright-core';

const folder = new URL('../dist-fake/', import.meta.url).pathname;
const KINDS = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

/** The headers of crates/web: what they forbid must not be needed here either. */
const source = readFileSync(new URL('../../crates/web/src/assets.rs', import.meta.url), 'utf8');
const policy = source.match(/const POLICY: &str = "([^;]*;[\s\S]*?)";/)?.[1].replace(/\\\s+/g, '');
if (!policy?.includes("script-src 'self'")) throw new Error('the policy of crates/web/src/assets.rs was not found');

export const browserPath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path && existsSync(path));

/** Serves the fake build and opens a browser; `base` is its address. */
export async function open() {
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://x').pathname;
    const file = join(folder, path === '/' ? 'index.html' : path);
    if (!file.startsWith(folder) || !existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': KINDS[extname(file)] ?? 'application/octet-stream', 'content-security-policy': policy });
    response.end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
  const close = async () => {
    await browser.close();
    server.close();
  };
  return { base: `http://127.0.0.1:${server.address().port}/`, browser, close };
}

/** What is done on a scene before it is looked at: every screen there is. */
const offer = async (page) => {
  await page.getByTestId('drop-zone').click();
  await page.getByTestId('forecast-smaller').waitFor();
};
/** Drops files with these names and texts on the page, as a person does. */
export const drop = (page, files) =>
  page.evaluate((all) => {
    const dataTransfer = new DataTransfer();
    for (const [name, text] of all) dataTransfer.items.add(new File([text], name));
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  }, files);
const PRESETS = JSON.stringify({ kind: 'manyhands-presets', version: 1, presets: [{ name: 'Archive', choice: {} }] });
const go = (name) => async (page) => {
  await page.getByTestId(`page-${name}`).click();
};
export const SCREENS = [
  { name: 'first', query: 'scene=first' },
  { name: 'alone', query: 'scene=alone', act: async (page) => page.getByTestId('invite').click() },
  { name: 'busy', query: 'scene=busy' },
  { name: 'ten', query: 'scene=ten', act: async (page) => page.getByTestId('strip').focus() },
  { name: 'many', query: 'scene=many' },
  { name: 'ends', query: 'scene=ends' },
  { name: 'receipt', query: 'scene=ends&browser', act: async (page) => page.getByTestId('receipt').click() },
  { name: 'offer', query: 'scene=busy&presets', act: offer },
  { name: 'offer-two', query: 'scene=first&two', act: async (page) => { await offer(page); await page.getByRole('radio').first().check(); await page.getByTestId('advanced').click(); } },
  { name: 'picture', query: 'scene=first', act: async (page) => { await offer(page); await page.getByTestId('advanced').click(); await page.getByTestId('crop').selectOption('part'); await page.getByTestId('height').selectOption('720'); await page.getByTestId('picture-fields').scrollIntoViewIfNeeded(); } },
  { name: 'offer-in-place', query: 'scene=first', act: async (page) => { await offer(page); await page.getByTestId('place').selectOption('in_place'); await page.getByTestId('in-place-help').waitFor(); } },
  { name: 'offer-tree', query: 'scene=first', act: async (page) => { await offer(page); await page.getByTestId('place').selectOption('tree'); await page.getByTestId('tree-into').waitFor(); } },
  { name: 'offer-owner', query: 'scene=takes', act: async (page) => { await offer(page); await page.getByTestId('owner').selectOption({ label: 'NAS' }); await page.getByTestId('owner-fields').scrollIntoViewIfNeeded(); } },
  { name: 'takes', query: 'scene=takes' },
  { name: 'away', query: 'scene=away' },
  { name: 'sent', query: 'scene=sent' },
  { name: 'away-history', query: 'scene=away', act: go('history') },
  { name: 'replaced', query: 'scene=replaced', act: async (page) => { await page.getByTestId('undo').first().click(); await page.getByTestId('sure').waitFor(); } },
  { name: 'originals', query: 'scene=replaced', act: async (page) => { await go('settings')(page); await page.getByTestId('originals').click(); await page.getByTestId('undo').first().waitFor(); } },
  { name: 'covered', query: 'scene=ends', act: async (page) => { await page.getByTestId('compare').click(); await page.getByTestId('compare-at').waitFor(); await page.evaluate(() => window.fake.lose()); await page.getByTestId('trouble').waitFor(); } },
  { name: 'compare', query: 'scene=ends', act: async (page) => { await page.getByTestId('compare').click(); await page.getByTestId('compare-at').waitFor(); } },
  { name: 'timeline', query: 'scene=ends', act: async (page) => { await page.getByTestId('timeline').first().click(); await page.getByTestId('time-row').nth(2).focus(); await page.keyboard.press('End'); } },
  { name: 'timeline-live', query: 'scene=busy', act: async (page) => { await page.getByTestId('timeline').first().click(); await page.getByTestId('time-row').first().waitFor(); await page.getByTestId('time-closer').click(); } },
  { name: 'figures', query: 'scene=busy', act: async (page) => { await go('figures')(page); await page.getByTestId('graph').first().focus(); await page.keyboard.press('End'); await page.locator('summary').last().click(); } },
  { name: 'figures-none', query: 'scene=first', act: go('figures') },
  { name: 'bench', query: 'scene=busy', act: async (page) => { await go('bench')(page); await page.getByTestId('bench-beside').selectOption({ index: 1 }); } },
  { name: 'bench-running', query: 'scene=busy', act: async (page) => { await go('bench')(page); await page.getByTestId('bench-workers').fill('1 2 4 8'); await page.getByTestId('bench-start').click(); await page.getByTestId('bench-running').waitFor(); } },
  { name: 'bench-none', query: 'scene=first', act: async (page) => { await go('bench')(page); await page.getByTestId('bench-workers').fill('two'); } },
  { name: 'history', query: 'scene=history', act: go('history') },
  { name: 'history-empty', query: 'scene=first', act: go('history') },
  { name: 'settings', query: 'scene=busy&presets', act: async (page) => { await go('settings')(page); await page.getByTestId('preset').first().waitFor(); } },
  { name: 'settings-file', query: 'scene=busy&broken&fixed', act: async (page) => { await go('settings')(page); await page.getByTestId('config-file').scrollIntoViewIfNeeded(); } },
  { name: 'settings-shared', query: 'scene=busy&stored', act: async (page) => { await go('settings')(page); await page.getByTestId('pairs').click(); await page.getByTestId('theirs').fill('/volume1/films'); await page.getByTestId('shared').scrollIntoViewIfNeeded(); } },
  { name: 'settings-shared-browser', query: 'scene=busy&browser', act: async (page) => { await go('settings')(page); await page.getByTestId('pairs').click(); await page.getByTestId('shared').scrollIntoViewIfNeeded(); } },
  { name: 'lying', query: 'scene=lying' },
  { name: 'farm-dropped', query: 'scene=busy', act: async (page) => { await drop(page, [['config.json', '{}']]); await page.getByTestId('farm-plan').waitFor(); } },
  { name: 'farm-refused', query: 'scene=first', act: async (page) => { await drop(page, [['presets.json', PRESETS]]); await page.getByTestId('farm-close').waitFor(); } },
  { name: 'offer-mixed', query: 'scene=first', act: async (page) => { await drop(page, [['config.json', '{}'], ['The Long Way Home (2019).mkv', 'film']]); await page.getByTestId('forecast-smaller').waitFor(); } },
  { name: 'settings-farm', query: 'scene=busy&farm', act: async (page) => { await go('settings')(page); await page.getByTestId('farm').click(); await page.getByTestId('farm-plan').waitFor(); } },
  { name: 'library', query: 'scene=busy&watched', act: async (page) => { await go('library')(page); await page.getByText('A film of many').first().waitFor(); } },
  { name: 'library-fixed', query: 'scene=busy&watched&fixed', act: async (page) => { await go('library')(page); await page.getByText('A film of many').first().waitFor(); await page.getByTestId('library-hours').click(); } },
  { name: 'library-empty', query: 'scene=first', act: async (page) => { await go('library')(page); await page.getByTestId('watch').waitFor(); } },
  { name: 'library-rules', query: 'scene=busy&watched', act: async (page) => { await go('library')(page); await page.getByTestId('rules').first().click(); await page.getByTestId('takes').getByText('312').waitFor(); } },
  { name: 'library-failed', query: 'scene=busy&watched', act: async (page) => { await go('library')(page); await page.getByTestId('state-failed').click(); await page.getByTestId('again').first().waitFor(); await page.getByTestId('films').scrollIntoViewIfNeeded(); } },
  { name: 'library-unsaved', query: 'scene=busy&watched', act: async (page) => { await go('library')(page); await page.getByTestId('rules').first().click(); await page.getByTestId('does').first().selectOption('keep'); await page.keyboard.press('Escape'); await page.getByTestId('unsaved').waitFor(); } },
  { name: 'keys', query: 'scene=busy', act: async (page) => { await go('settings')(page); await page.getByTestId('key-name').fill('manyhands display'); await page.getByTestId('make-key').click(); await page.getByTestId('made-key').waitFor(); } },
  { name: 'doctor', query: 'scene=busy', act: async (page) => { await go('doctor')(page); await page.getByTestId('finding').first().waitFor(); } },
  { name: 'knock', query: 'scene=ends', act: async (page) => { await go('doctor')(page); await page.getByTestId('address').fill('attic'); await page.getByTestId('knock').click(); await page.getByText('A computer is there').waitFor(); } },
  { name: 'past', query: 'scene=history&exposed', act: async (page) => { await go('history')(page); await page.getByTestId('past').nth(2).click(); await page.getByTestId('strip').waitFor(); } },
  { name: 'locked', query: 'scene=locked', act: async (page) => { await page.getByTestId('password').fill('wrong'); await page.getByTestId('sign-in').click(); await page.getByText('not the page').waitFor(); } },
  { name: 'asking', query: 'scene=asking' },
  { name: 'asked', query: 'scene=asked', act: async (page) => page.getByTestId('code').fill('482 9') },
  { name: 'unpair', query: 'scene=busy&refuse', act: async (page) => { await page.getByTestId('unpair').first().click(); await page.getByTestId('unpair-sure').waitFor(); await page.getByRole('switch', { name: /./ }).first().click(); } },
  { name: 'rights', query: 'scene=rights', act: async (page) => { for (const one of await page.getByTestId('rights').all()) await one.locator('summary').click(); } },
  { name: 'rests', query: 'scene=rests', act: async (page) => page.getByTestId('computer-here').getByRole('switch').click() },
  { name: 'changed', query: 'scene=changed' },
  { name: 'twin', query: 'scene=twin', act: async (page) => page.getByTestId('new-identity').click() },
  { name: 'hostile', query: 'scene=hostile' },
  { name: 'missing', query: 'scene=missing' },
  { name: 'nowhere', query: 'scene=nowhere' },
];

/** Shows a screen and waits until it stands still. */
export async function show(page, base, { query, act }, extra = '') {
  await page.goto(`${base}?${query}${extra}`);
  await page.locator('.page, .alone').first().waitFor();
  await act?.(page);
  // Pictures along the strips arrive one after the other.
  await page.waitForTimeout(450);
}
