/** What a person has to change before the server is asked: a sentence that says so. */
export class FormError extends Error {
  override readonly name = 'FormError';
}
