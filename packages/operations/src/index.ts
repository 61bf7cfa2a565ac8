/** What people do by the command line and by the web alike, written down as theirs (`config audit`). */

export { type Declaration, declaredState } from './declaration/declared-state.ts';
export { readDeclarationText } from './declaration/read-declaration-text.ts';
export { writeDeclaration } from './declaration/write-declaration.ts';
export { queueOperations } from './queue-operations.ts';
