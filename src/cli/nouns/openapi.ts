import type { Command } from 'commander';
import { addCommand, withSession } from '../engine/command.ts';

export function addOpenApiCommand(program: Command): void {
  addCommand(program, 'openapi', {
    summary: 'the document of the HTTP API (OpenAPI 3.1)',
    details: 'What GET /api/v1/openapi.json answers; /api/v1/docs shows it as a page. Needs no database.',
    example: `
$ arcadia openapi > arcadia.json
$ npx openapi-typescript arcadia.json -o arcadia.d.ts`,
  }).action(
    withSession(async (session) => {
      const { openApiDocument } = await import('../../http/index.ts');
      const { program: declared } = await import('../../modules.ts');
      await session.output.madeJson(
        JSON.stringify(openApiDocument(declared), null, session.output.json ? undefined : 2),
      );
    }),
  );
}
