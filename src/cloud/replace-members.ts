/** A provider, or a part of one, with some members replaced. The others run on itself, whose private fields no other object has. */
export function replaceMembers<T extends object>(provider: T, members: Partial<T>): T {
  return new Proxy(provider, {
    get(target, name) {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
