/** Asks the person. @returns false: they would not */
type Prover = () => Promise<boolean>;

let prover: Prover | null = null;

/** Who asks the person, while there is a page; a function that ends it. */
export function askPersonBy(asking: Prover): () => void {
  prover = asking;
  return () => {
    if (prover === asking) prover = null;
  };
}

/** Has the person prove once more who they are. */
export async function provePerson(): Promise<boolean> {
  return prover === null ? false : await prover();
}
