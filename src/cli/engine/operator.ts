import { userInfo } from 'node:os';

/** Who decides, for the record: the user of this machine. */
export function operator(): string {
  try {
    return userInfo().username;
  } catch {
    return 'operator'; // a user id without a name, as in some containers
  }
}
