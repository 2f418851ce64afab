// How long the protocols of a rollout wait for the provider, and how often they try: of what is created, and of what is done
// to something that is there.

/** After an unclear answer: how long the provider may take to show what it has done, and how often it is asked. */
export const SETTLE_SECONDS = 120;
export const LOOK_AGAIN_SECONDS = 15;
/** Intents that may have been carried out, at most. */
export const ATTEMPTS_MAX = 5;
/** Intents in a row of which nothing can have come, at most; the wait after each, unless the provider says. */
export const UNSENT_MAX = 40;
export const UNSENT_SECONDS = 15;
/** How long it may take to be ready, and how often it is looked at meanwhile. */
export const READY_SECONDS = 1_800;
export const LOOK_SECONDS_MIN = 10;
export const LOOK_SECONDS_MAX = 30;
