import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { openApiDescription } from '../contract/api-description.ts';
import { openRolloutScene, type RolloutScene, shop, teardown } from './rollout-fixture.ts';

// Whatever a rollout asks and is answered, from the first thing to the end of the last, is as the provider's own
// description has it.

interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly sent: string;
  readonly status: number;
  readonly answer: string;
}

let server: Server;
let scene: RolloutScene;

afterEach(async () => {
  await scene.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Passes everything on to the provider, and keeps it. */
async function listenIn(target: string, exchanges: Exchange[]): Promise<string> {
  const passOn = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const sent = Buffer.concat(chunks).toString();
    const { method = 'GET', url = '' } = request;
    const answer = await fetch(target + url, {
      method,
      headers: { authorization: request.headers.authorization ?? '' },
      ...(sent !== '' && { body: sent }),
    });
    const text = await answer.text();
    exchanges.push({ method, url, sent, status: answer.status, answer: text });
    const { 'content-encoding': _, 'content-length': __, ...headers } = Object.fromEntries(answer.headers);
    response.writeHead(answer.status, headers);
    response.end(text);
  };
  server = createServer((request, response) => void passOn(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('requests and answers of a rollout and a teardown are as the provider describes them', async (context) => {
  const exchanges: Exchange[] = [];
  scene = await openRolloutScene({}, (url) => listenIn(url, exchanges));
  const description = openApiDescription();
  if (description === null) return context.skip();
  expect(await scene.drive(await scene.begin(shop()))).toMatchObject({ state: 'done' });
  const destroying = await scene.begin(await teardown(scene), { purpose: 'destroy' });
  expect(await scene.drive(destroying)).toMatchObject({ state: 'done' });
  const problems = exchanges.flatMap(({ method, url, sent, status, answer }) => {
    // Asked whether the token may create one, with nothing in it: that is refused.
    const isProbe = method === 'POST' && sent === '{}';
    if (isProbe) return status === 422 ? [] : [`${url} with nothing in it answered ${status}`];
    return [
      ...description.requestProblems(method, url),
      ...(sent === '' ? [] : description.bodyProblems(method, url, JSON.parse(sent))),
      ...description.answerProblems(method, url, status, answer === '' ? undefined : JSON.parse(answer)),
    ].map((problem) => `${method} ${url}: ${problem}`);
  });
  expect(problems).toEqual([]);
  expect(exchanges.filter(({ method }) => method !== 'GET').length).toBeGreaterThan(20);
});
