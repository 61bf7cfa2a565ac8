/**
 * Loads @peculiar/x509 (190 ms, 25 MB), which only who makes a certificate should pay for.
 *
 * Its dependency tsyringe refuses to load unless two functions of the old metadata proposal exist, and asks them only
 * for what TypeScript decorators would have left there. Nobody left anything, and that is what these answer.
 */
export async function loadX509() {
  if (!('getMetadata' in Reflect)) {
    const nothing = { value: () => undefined, configurable: true };
    Object.defineProperties(Reflect, { getMetadata: nothing, getOwnMetadata: nothing });
  }
  return await import('@peculiar/x509');
}
