/** What other modules may import of provisioning: nothing yet. */

export {};
