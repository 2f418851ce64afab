import type { SeenAccount, SeenResource } from './seen.ts';
import type { ReadSystem, System } from './system.ts';

const userDataBytesMax = 65_536;

/** What would keep a rollout from creating something, in words; empty: nothing that can be known before. */
export function preflight(
  created: System,
  account: SeenAccount,
  {
    isNew,
    userData,
    givenBy,
  }: {
    /** Its project is created too. */
    readonly isNew: boolean;
    /** By the droplet's key. */
    readonly userData: ReadonlyMap<string, string>;
    readonly givenBy: ReadSystem['givenBy'];
  },
): string[] {
  /** The end of a sentence: what to do about a name that is taken. */
  const another = (what: string, name: string) => {
    const parameters = givenBy.get(`${what} ${name}`);
    return parameters === undefined ? '.' : `: give another value for the parameter ${parameters.join(' or ')}.`;
  };
  return [
    ...limits(created, account),
    ...places(created, account),
    ...keys(created, account),
    ...names(created, account.resources, { isNew, another }),
    ...networks(created, account.resources, another),
    ...created.zones
      .filter(({ zone }) =>
        account.resources.some(({ kind, externalId }) => kind === 'dns_zone' && externalId === zone),
      )
      .map(
        ({ zone }) =>
          `The account has a DNS zone ${zone} already, which is not the deployment's${another('DNS zone', zone)}`,
      ),
    ...created.droplets.flatMap(({ key, name }) => {
      const bytes = Buffer.byteLength(userData.get(key) ?? '');
      return bytes > userDataBytesMax
        ? [`The user data of droplet ${name} is ${bytes} bytes; the provider takes ${userDataBytesMax}.`]
        : [];
    }),
  ];
}

function limits({ droplets, reservedIps }: System, { offer, resources }: SeenAccount): string[] {
  const live = (kind: string) =>
    resources.filter((each) => each.kind === kind && !each.externalId.includes(':')).length;
  const asked = [
    ['droplets', droplets.length, offer.limits.droplets - live('droplet')],
    ['reserved IPs', reservedIps.length, offer.limits.reservedIps - live('reserved_ip')],
  ] as const;
  return asked.flatMap(([what, needed, left]) =>
    needed > Math.max(0, left)
      ? [`It needs ${needed} ${what}, ${Math.max(0, left)} left: ask the provider for a higher limit.`]
      : [],
  );
}

function places({ region, droplets }: System, { offer, sizes }: SeenAccount): string[] {
  const problems = new Set<string>();
  for (const { size: slug, image } of droplets) {
    const size = sizes.find((each) => each.slug === slug);
    if (size === undefined) problems.add(`The provider has no size ${slug}.`);
    else if (!size.available || !size.regions.includes(region))
      problems.add(`Size ${slug} cannot be had in ${region}${size.available ? ` (${size.regions.join(', ')})` : ''}.`);
    // What has a number is an image of the account's own.
    if (/^\d+$/.test(image)) continue;
    const regions = offer.images.get(image);
    if (regions === undefined) problems.add(`The provider has no image ${image}.`);
    else if (!regions.includes(region)) problems.add(`Image ${image} cannot be had in ${region}.`);
  }
  return [...problems];
}

function keys({ droplets, keys: declared }: System, { offer }: SeenAccount): string[] {
  const asked = new Set(droplets.flatMap(({ sshKeys }) => sshKeys));
  return [...asked]
    .filter((key) => !declared.some(({ name }) => name === key))
    .filter((key) => !offer.keys.some(({ fingerprint }) => fingerprint === key))
    .map((key) => `The account has no SSH key ${key}.`);
}

const dropletName = /^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,253}[a-zA-Z0-9])?$/;
const volumeName = /^[a-z]([a-z0-9-]{0,62}[a-z0-9])?$/;
/** With what a rollout adds to them: a hyphen and six digits. */
const generatedName = /^[a-zA-Z0-9][a-zA-Z0-9.-]{0,200}$/;

type Another = (what: string, name: string) => string;

function names(
  created: System,
  resources: readonly SeenResource[],
  { isNew, another }: { readonly isNew: boolean; readonly another: Another },
): string[] {
  const isTaken = (kind: string, name: string, region?: string) =>
    resources.some((each) => each.kind === kind && each.name === name && (region ?? each.region) === each.region);
  const { region, project, droplets, volumes, firewalls, balancers } = created;
  const asked = [
    ...droplets.map(({ name }) => ({ what: 'droplet', name, form: dropletName, taken: isTaken('droplet', name) })),
    ...volumes.map(({ name }) => ({ what: 'volume', name, form: volumeName, taken: isTaken('volume', name, region) })),
    ...firewalls.map(({ name }) => ({ what: 'firewall', name, form: generatedName, taken: false })),
    ...balancers.map(({ name }) => ({ what: 'balancer', name, form: generatedName, taken: false })),
    ...(isNew
      ? [{ what: 'project', name: project.name, form: /^.{1,175}$/, taken: isTaken('project', project.name) }]
      : []),
  ];
  return asked.flatMap(({ what, name, form, taken }) => [
    ...(form.test(name) ? [] : [`"${name}" can be no name of a ${what}.`]),
    ...(taken ? [`There is a ${what} named ${name} already${another(what, name)}`] : []),
  ]);
}

function networks({ vpc }: System, resources: readonly SeenResource[], another: Another): string[] {
  if (vpc === null) return [];
  const there = resources.filter(({ kind }) => kind === 'vpc');
  const problems = there.some(({ name }) => name === vpc.name)
    ? [`There is a private network named ${vpc.name} already${another('private network', vpc.name)}`]
    : [];
  const { ipRange } = vpc;
  if (ipRange === null) return problems;
  for (const { name, settings } of there) {
    const range = settings['ip_range'];
    if (typeof range === 'string' && overlaps(range, ipRange))
      problems.push(`The private network ${name} has ${range} already, which overlaps with ${ipRange}.`);
  }
  return problems;
}

/** Whether two IPv4 networks have addresses in common. */
function overlaps(one: string, other: string): boolean {
  const [a, b] = [boundsOf(one), boundsOf(other)];
  return a.first <= b.last && b.first <= a.last;
}

function boundsOf(range: string): { first: number; last: number } {
  const [address = '', bits = '32'] = range.split('/');
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(number / size) * size;
  return { first, last: first + size - 1 };
}
