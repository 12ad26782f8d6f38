/**
 * A version as npm publishes it: three numbers, perhaps a pre-release. Nothing that could be a part of a path, an option or
 * a range: it becomes the name of a directory, and of a package to install.
 */
const VERSION =
  /^(?:0|[1-9][0-9]{0,5})(?:\.(?:0|[1-9][0-9]{0,5})){2}(?:-[0-9A-Za-z][0-9A-Za-z-]{0,30}(?:\.[0-9A-Za-z][0-9A-Za-z-]{0,30}){0,4})?$/;

export function isVersion(text: string): boolean {
  return VERSION.test(text);
}
