// Pictures of every screen, light and dark: `npm run shots -- FOLDER [NAME…]`. For looking at.
import { mkdirSync } from 'node:fs';
import { browserPath, open, SCREENS, show } from './fake.mjs';

if (!browserPath) {
  process.stderr.write('Chromium is needed to take pictures: install it, or name one in CHROMIUM.\n');
  process.exit(1);
}

const [folder = 'shots', ...names] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const { base, browser, close } = await open();
const SIZES = [[1180, 760], [420, 800], [900, 600], [390, 844]];
const sizes = process.env.SIZES ? SIZES.filter(([width]) => process.env.SIZES.split(',').includes(String(width))) : SIZES.slice(0, 2);
const extra = process.env.LANGUAGE_SHOWN ? `&lang=${process.env.LANGUAGE_SHOWN}` : '';
for (const colorScheme of ['light', 'dark']) {
  for (const [width, height] of sizes) {
    const context = await browser.newContext({ colorScheme, viewport: { width, height }, reducedMotion: 'reduce' });
    for (const screen of SCREENS.filter(({ name }) => names.length === 0 || names.includes(name))) {
      const page = await context.newPage();
      page.on('pageerror', (error) => console.error(screen.name, error));
      page.on('console', (line) => line.type() === 'error' && console.error(screen.name, line.text()));
      await show(page, base, screen, extra);
      const modal = (await page.locator('dialog[open]').count()) > 0;
      await page.screenshot({ path: `${folder}/${screen.name}-${width}-${colorScheme}.png`, fullPage: !modal });
      await page.close();
    }
    await context.close();
  }
}
// The window as the README shows it.
if (process.env.README_PICTURES) {
  for (const colorScheme of ['light', 'dark']) {
    const page = await browser.newPage({ colorScheme, viewport: { width: 1180, height: 1010 }, reducedMotion: 'reduce' });
    await show(page, base, SCREENS.find(({ name }) => name === 'busy'), '&lang=en');
    await page.screenshot({ path: `${process.env.README_PICTURES}/window-${colorScheme}.jpg`, type: 'jpeg', quality: 86 });
    await page.close();
  }
}
await close();
