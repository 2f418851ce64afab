/** What other modules may import of provider-billing: nothing. Everything in this folder is its own. */
export {};
