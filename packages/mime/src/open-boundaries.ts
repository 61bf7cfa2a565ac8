import type { OctetString } from './octet-string.ts';

/**
 * The boundaries of the multiparts that are open, each with its level in the stack of open parts. A lookup costs the
 * same however many are open; where two levels use one boundary, the inner one has it until it is closed.
 */
export class OpenBoundaries {
  readonly #levels = new Map<OctetString, number[]>();

  get isEmpty(): boolean {
    return this.#levels.size === 0;
  }

  open(boundary: OctetString, level: number): void {
    const levels = this.#levels.get(boundary);
    if (levels === undefined) this.#levels.set(boundary, [level]);
    else levels.push(level);
  }

  /** Forgets the innermost use of the boundary. */
  close(boundary: OctetString): void {
    const levels = this.#levels.get(boundary);
    levels?.pop();
    if (levels?.length === 0) this.#levels.delete(boundary);
  }

  /** The innermost level that uses this boundary, -1 if none does. */
  innermost(boundary: OctetString): number {
    return this.#levels.get(boundary)?.at(-1) ?? -1;
  }
}
