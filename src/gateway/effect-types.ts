/** Families of events that do something, each with its types. A source may have those that it is given. */
export const effectTypes = {
  lifecycle: ['arcadia.subscription.paused', 'arcadia.subscription.resumed', 'arcadia.subscription.ended'],
  payment: [
    'arcadia.payment.succeeded',
    'arcadia.payment.failed',
    'arcadia.payment.refunded',
    'arcadia.payment.disputed',
  ],
} as const;

export type EffectFamily = keyof typeof effectTypes;
export type EffectType = (typeof effectTypes)[EffectFamily][number];
