import type { Provider } from './provider.ts';

/** A provider with some members replaced. The others run on the provider itself, whose private fields no other object has. */
export function replaceMembers(provider: Provider, members: Partial<Provider>): Provider {
  return new Proxy(provider, {
    get(target, name) {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
