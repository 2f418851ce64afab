/** The kind of the resources that events are about: `host:shop.example.com`, `key:ak_7f3c`, `deployment:acme`. */
export const subjectKind = 'gateway';
