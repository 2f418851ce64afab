import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { openApiDocument } from '../src/http/index.ts';
import { program } from '../src/modules.ts';

// Writes web/src/api/document.gen.ts: the types of the API's own document, by which the page asks. It is made anew
// before types are checked; the build itself does without.

// The generator needs the compiler's programming interface, which TypeScript 7 has not.
registerHooks({
  resolve: (specifier, context, next) =>
    next(
      specifier === 'typescript' && context.parentURL?.includes('/openapi-typescript/') ? 'typescript5' : specifier,
      context,
    ),
});

const target = new URL('src/api/document.gen.ts', import.meta.url);
const { default: generate, astToString } = await import('openapi-typescript');
const text = astToString(await generate(openApiDocument(program) as never));
if (!existsSync(target) || readFileSync(target, 'utf8') !== text) writeFileSync(target, text);
