import { expect } from 'vitest';
import type { Locator, Page } from 'playwright-core';

// One way to do each step of a task by mouse, by keyboard alone and by thumb, with how many actions it took. What is typed
// into a field is one.

/** Of the page that a function is handed to. */
declare const document: { readonly activeElement: never };

export interface Hands {
  readonly name: 'mouse' | 'keyboard' | 'thumb';
  readonly actions: number;
  press(target: Locator): Promise<void>;
  type(target: Locator, text: string): Promise<void>;
  /** To a view, by the navigation. */
  go(view: string, letter: string): Promise<void>;
  /** By a part of its name, to the first that matches. */
  find(text: string, option: RegExp): Promise<void>;
  /** To the filters of the view, where there is a way there that is shorter than all that lies before them. */
  filters(): Promise<void>;
  /** A row's own link or figure, by its place in the list. */
  row(target: Locator): Promise<void>;
}

abstract class Counted {
  actions = 0;
  protected readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }
}

class Mouse extends Counted implements Hands {
  readonly name: Hands['name'] = 'mouse';

  async press(target: Locator): Promise<void> {
    this.actions += 1;
    await target.click();
  }

  async type(target: Locator, text: string): Promise<void> {
    this.actions += 1;
    await target.fill(text);
  }

  async go(view: string): Promise<void> {
    const rail = this.page.getByRole('navigation', { name: 'Main', exact: true });
    await this.press(rail.getByRole('link', { name: view, exact: true }));
  }

  async find(text: string, option: RegExp): Promise<void> {
    await this.press(this.page.getByRole('button', { name: 'Search' }));
    await this.type(this.page.getByRole('combobox', { name: 'Search' }), text);
    await this.press(this.page.getByRole('option', { name: option }).first());
  }

  async row(target: Locator): Promise<void> {
    await this.press(target);
  }

  async filters(): Promise<void> {}
}

class Thumb extends Mouse {
  override readonly name = 'thumb';

  override async press(target: Locator): Promise<void> {
    this.actions += 1;
    await target.tap();
  }

  override async go(view: string): Promise<void> {
    const foot = this.page.getByRole('navigation', { name: 'Main, at the bottom' });
    const link = foot.getByRole('link', { name: view, exact: true });
    if ((await link.count()) > 0) return this.press(link);
    await this.press(foot.getByRole('button', { name: 'More' }));
    const more = this.page.getByRole('navigation', { name: 'More views' });
    await this.press(more.getByRole('link', { name: view, exact: true }));
  }
}

/** More tabs than a person has patience for. */
const tabsMax = 120;

class Keyboard extends Counted implements Hands {
  readonly name = 'keyboard';

  async key(key: string): Promise<void> {
    this.actions += 1;
    await this.page.keyboard.press(key);
  }

  /** By Tab alone, with the focus to be seen at every step. */
  async reach(target: Locator): Promise<void> {
    await target.waitFor();
    const isThere = () => target.evaluate((element) => element === document.activeElement);
    for (let tabs = 0; !(await isThere()); tabs += 1) {
      if (tabs === tabsMax) throw new Error(`${String(target)} cannot be reached by the keyboard.`);
      await this.key('Tab');
      const focus = await this.page.evaluate<string>(
        `(() => { const one = document.activeElement; if (one === null || one === document.body) return 'seen';
          const { outlineStyle, outlineWidth } = getComputedStyle(one); const around = getComputedStyle(one.parentElement);
          return (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || around.outlineStyle !== 'none' ? 'seen' : one.outerHTML.slice(0, 200); })()`,
      );
      expect(focus).toBe('seen');
    }
  }

  async press(target: Locator): Promise<void> {
    await this.reach(target);
    const isChoice = await target.evaluate((element) => element.tagName === 'INPUT');
    await this.key(isChoice ? 'Space' : 'Enter');
  }

  async type(target: Locator, text: string): Promise<void> {
    await this.reach(target);
    await this.page.keyboard.press('Control+a');
    this.actions += 1;
    await this.page.keyboard.type(text);
  }

  async go(_view: string, letter: string): Promise<void> {
    await this.key('g');
    await this.key(letter);
  }

  async find(text: string, option: RegExp): Promise<void> {
    await this.key('Control+k');
    await this.page.getByRole('combobox', { name: 'Search' }).waitFor();
    this.actions += 1;
    await this.page.keyboard.type(text);
    const found = this.page.getByRole('option', { name: option }).first();
    await found.waitFor();
    while ((await found.getAttribute('aria-selected')) !== 'true') await this.key('ArrowDown');
    await this.key('Enter');
  }

  async filters(): Promise<void> {
    await this.key('/');
  }

  async row(target: Locator): Promise<void> {
    await target.waitFor();
    const isThere = () =>
      target.evaluate((element) => element.closest('[data-row]')?.contains(document.activeElement) === true);
    for (let rows = 0; !(await isThere()); rows += 1) {
      if (rows === tabsMax) throw new Error(`${String(target)} is in no row that j reaches.`);
      await this.key('j');
    }
    await this.press(target);
  }
}

export function handsOf(name: Hands['name'], page: Page): Hands {
  if (name === 'keyboard') return new Keyboard(page);
  return name === 'mouse' ? new Mouse(page) : new Thumb(page);
}
