import { expect, onTestFinished, test } from 'vitest';
import { ensureProgram } from '../debian-program.ts';
import { Arcadia, answerOf, arcadia, makeFolder } from '../end-to-end/arcadia.ts';
import { launch } from './dashboard.ts';

// What somebody sees who types `npm start` for the first time.

test('the page can be opened before the history is created, and its figures grow while it is', async ({ skip }) => {
  if (!ensureProgram('chromium')) skip('there is no Chromium');
  const folder = makeFolder();
  onTestFinished(folder.remove);
  const env = { ARCADIA_DATA_DIR: folder.path };
  const started = new Arcadia(['start', '--port', '0'], { env });
  onTestFinished(() => void started.child.kill('SIGKILL'));
  const [said, address = ''] = await started.says(/To sign in at (http:\S+): /);
  expect(started.stderr.slice(0, started.stderr.indexOf(said))).not.toContain('This is a demonstration');

  const { url } = answerOf(await arcadia(['open', '--url', address, '--json'], { env })) as { url: string };
  const browser = await launch();
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  await page.goto(url);
  const band = page.getByText(/creates its history now: \S+ \S+ of 18 Jun/);
  await band.waitFor();
  await page.evaluate("window.wasNotLoadedAgain = 'yes'");
  const first = await band.textContent();
  const figures = page.getByRole('main');
  const before = await figures.textContent();
  await expect.poll(() => band.textContent()).not.toBe(first);
  await expect.poll(() => figures.textContent()).not.toBe(before);
  expect(await page.evaluate('window.wasNotLoadedAgain')).toBe('yes');

  started.child.kill('SIGTERM');
  expect((await started.ended).code).toBe(2);
});
