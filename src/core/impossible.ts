/** The error for a branch that the type checker has proved unreachable: `throw impossible(x satisfies never)`. */
export function impossible(value: never): Error {
  return new Error(`unreachable: ${JSON.stringify(value)}`);
}
