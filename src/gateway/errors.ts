import { declareError } from '../platform/errors.ts';

/** Of one event alone: its id is known, and what it says is something else. */
export const eventConflict = declareError({
  code: 'event_conflict',
  status: 409,
  todo: 'Give another event another id. What was sent first counts; this one is kept, and does not.',
});

/** Of one event alone whose sender wants to know. */
export const eventUnusable = declareError({
  code: 'event_unusable',
  status: 422,
  todo: 'Send it as CloudEvents 1.0 says, with a time that has an offset. Nothing was stored.',
});

export const sourceUnauthorized = declareError({
  code: 'source_unauthorized',
  status: 401,
  exitCode: 4,
  todo: 'Send the secret of the source as a bearer token, or a signature of Standard Webhooks made with it.',
});

export const sourcePaused = declareError({
  code: 'source_paused',
  status: 503,
  todo: 'Keep the events and send them again after Retry-After.',
});

export const sourceDisconnected = declareError({
  code: 'source_disconnected',
  status: 409,
  todo: 'Add another source for what is to send.',
});

export const gatewayBacklog = declareError({
  code: 'gateway_backlog',
  status: 429,
  todo: 'Keep the events and send them again after Retry-After: those before them are still to be interpreted.',
});

export const gatewayDiskFull = declareError({
  code: 'gateway_disk_full',
  status: 503,
  todo: 'Keep the events and send them again after Retry-After: the database needs more space on its disk.',
});

export const meterOtherwise = declareError({
  code: 'gateway_meter_otherwise',
  status: 409,
  todo: 'Give what adds up otherwise, or in another unit, another name.',
});
