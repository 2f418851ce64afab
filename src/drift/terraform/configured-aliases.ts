import { canonical } from '../../cloud/index.ts';

// Which provider a resource of a plan has is in the plan's configuration alone. Of that only the providers' aliases are
// read: what they are configured with holds tokens.

type Said = Readonly<Record<string, unknown>>;

/** The alias of the provider of a resource by its address; null: it is the default one. */
export function configuredAliases(configuration: unknown): (address: string) => string | null {
  const { root_module: root, provider_config: providers } = canonical.object(configuration);
  const aliasOfKey = (key: unknown) => {
    const { alias } = canonical.object(canonical.object(providers)[String(key)]);
    return typeof alias === 'string' && alias !== '' ? alias : null;
  };
  const aliases = new Map<string, string>();
  // Not by recursion: a file decides how deep its modules are.
  const modules: { value: Said; prefix: string }[] = [{ value: canonical.object(root), prefix: '' }];
  for (let at = modules.pop(); at !== undefined; at = modules.pop()) {
    for (const each of canonical.list(at.value['resources']) ?? []) {
      const { address, provider_config_key: key } = canonical.object(each);
      const alias = aliasOfKey(key);
      if (typeof address === 'string' && alias !== null) aliases.set(`${at.prefix}${address}`, alias);
    }
    const prefix = at.prefix;
    for (const [name, call] of Object.entries(canonical.object(at.value['module_calls']))) {
      const value = canonical.object(canonical.object(call)['module']);
      // What is longer is no address that could be asked for.
      if (prefix.length < 1_000) modules.push({ value, prefix: `${prefix}module.${name}.` });
    }
  }
  return (address) => aliases.get(withoutKeys(address)) ?? null;
}

/** `module.a["x.y"].digitalocean_droplet.web[0]` is `module.a.digitalocean_droplet.web` in a configuration. */
function withoutKeys(address: string): string {
  return address.replaceAll(/\[(?:\d+|"(?:[^"\\]|\\.)*")\]/g, '');
}
