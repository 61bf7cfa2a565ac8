const ACCOUNT_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Account names hold no `@`, so that a login is either a name or an address. */
export function isAccountName(name: string): boolean {
  return ACCOUNT_NAME.test(name);
}
