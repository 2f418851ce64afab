/** What lies over a view, beside a proof: search, the keys, or which roles see it. */
export type Layer = 'palette' | 'keys' | 'who';
