import { expect, test } from 'vitest';
import { declarationSchema } from '../declaration.ts';
import { importDocument } from './import-document.ts';
import { readTerraform } from './read-terraform.ts';

const droplet = (name: string, id: number, alias = '') => ({
  mode: 'managed',
  type: 'digitalocean_droplet',
  name,
  provider: `provider["registry.terraform.io/digitalocean/digitalocean"]${alias}`,
  instances: [{ attributes: { id, name } }],
});

function read(...resources: object[]) {
  const file = { version: 4, lineage: 'l-1', serial: 7, resources };
  return readTerraform(new TextEncoder().encode(JSON.stringify(file)));
}

const reading = read(droplet('a', 1), droplet('b', 2, '.eu'), droplet('c', 3, '.by["fr=a1"]'));

test('a document says where it is from, and is one that can be applied', () => {
  const document = importDocument(reading, { declaration: 'shop', deployment: 'acme' });
  expect(document).toEqual({
    declaration: 'shop',
    deployment: 'acme',
    resources: [
      { address: 'digitalocean_droplet.a', kind: 'droplet', id: '1', fields: { name: 'a' } },
      { address: 'digitalocean_droplet.b', kind: 'droplet', id: '2', fields: { name: 'b' } },
      { address: 'digitalocean_droplet.c', kind: 'droplet', id: '3', fields: { name: 'c' } },
    ],
    origin: { source: 'terraform_state', lineage: 'l-1', serial: 7, digest: reading.digest },
  });
  // Nothing that is not declared is a finding of an import.
  expect(declarationSchema.parse(document)).toMatchObject({ covers: 'nothing', ignore: [] });
  expect(importDocument(reading, { declaration: 'shop', account: 'main', covers: 'project:1' })).toMatchObject({
    account: 'main',
    covers: 'project:1',
  });
});

test('an alias stands for an account', () => {
  const providerAccounts = { eu: 'europe', 'by["fr=a1"]': 'france' };
  const { resources } = importDocument(reading, { declaration: 'shop', account: 'main', providerAccounts });
  expect(resources.map(({ account }) => account)).toEqual([undefined, 'europe', 'france']);
});

test('an alias that the file does not have is refused, with those that it has', () => {
  const importing = (of: typeof reading) => () =>
    importDocument(of, { declaration: 'shop', account: 'main', providerAccounts: { us: 'america' } });
  expect(importing(reading)).toThrow(
    'No resource of the file has the provider alias us; aliases there: by["fr=a1"], eu.',
  );
  expect(importing(read(droplet('a', 1)))).toThrow(
    'No resource of the file has the provider alias us; aliases there: none.',
  );
});

test('a lineage that is given is that of the file', () => {
  expect(importDocument(reading, { declaration: 'shop', account: 'main', lineage: 'mine' }).origin).toMatchObject({
    lineage: 'mine',
    serial: 7,
  });
});
