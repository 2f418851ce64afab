import { writeFileSync } from 'node:fs';
import { program } from '../../src/modules.ts';
import { operationsPage } from './operations-page.ts';
import { settingsPage } from './settings-page.ts';

writeFileSync(new URL('../../docs/reference.md', import.meta.url), operationsPage(program));
writeFileSync(new URL('../../docs/settings.md', import.meta.url), settingsPage(program));
