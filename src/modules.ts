import { routes } from './http/serve/routes.ts';
import { platformErrors } from './platform/errors.ts';
export const program = { operations: routes, errors: platformErrors };
