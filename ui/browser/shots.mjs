// Pictures of every scene of the fake host, light and dark: `npm run shots -- FOLDER`. For looking at.
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { preview } from 'vite';

const folder = process.argv[2] ?? 'shots';
mkdirSync(folder, { recursive: true });
const server = await preview({ build: { outDir: 'dist-fake' }, preview: { host: '127.0.0.1', port: 0 } });
const base = server.resolvedUrls.local[0];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });

const offer = async (page) => {
  await page.getByTestId('drop-zone').click();
  await page.getByText('notes.txt is not').waitFor();
};
const lossy = async (page) => {
  await offer(page);
  await page.getByText('Plays everywhere').click();
  await page.getByText('Start anyway').waitFor();
};
const invite = async (page) => {
  await page.getByTestId('invite').click();
  await page.getByTestId('invite-line').waitFor();
};
const shots = [['first'], ['alone', invite, 'invite'], ['busy'], ['busy', lossy, 'offer'], ['ends'], ['missing'], ['nowhere']];
for (const scheme of ['light', 'dark']) {
  for (const width of [1180, 420]) {
    const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height: 800 }, reducedMotion: 'reduce' });
    for (const [scene, act, label = scene] of shots) {
      const page = await context.newPage();
      page.on('pageerror', (error) => console.error(scene, error));
      page.on('console', (line) => line.type() === 'error' && console.error(scene, line.text()));
      await page.goto(`${base}?scene=${scene}`);
      await page.locator('.page, .alone').first().waitFor();
      await act?.(page);
      await page.screenshot({ path: `${folder}/${label}-${width}-${scheme}.png`, fullPage: !act });
      await page.close();
    }
    await context.close();
  }
}
await browser.close();
await server.close();
