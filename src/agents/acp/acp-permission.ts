import { isAbsolute, relative, resolve } from 'node:path';

import type { Json } from '../../core/yard-event.ts';
import { listAt, textAt } from '../program/json-line.ts';

export type PermissionAnswer =
  | { readonly outcome: 'selected'; readonly optionId: string }
  | { readonly outcome: 'cancelled' };

/** Once is enough: whatever comes next is to be asked again. */
const ALLOWING = ['allow_once', 'allow_always'];
const REJECTING = ['reject_once', 'reject_always'];

/**
 * The answer to an agent that asks whether it may do something; nobody is there to be asked. In a cell it may do all that
 * the cell lets it. Without one, what names a place outside of the lane is refused; what it runs there cannot be seen.
 */
export function answerPermission(request: Json, lane: string, isEnclosed: boolean): PermissionAnswer {
  const isAllowed = isEnclosed || placesOf(request).every((path) => isWithin(lane, path));
  const kinds = isAllowed ? ALLOWING : REJECTING;
  const options = listAt(request, 'options');
  for (const kind of kinds) {
    const option = options.find((candidate) => textAt(candidate, 'kind') === kind);
    const optionId = textAt(option, 'optionId');
    if (optionId !== null) return { outcome: 'selected', optionId };
  }
  return { outcome: 'cancelled' };
}

function placesOf(request: Json): readonly string[] {
  const places = [...listAt(request, 'toolCall', 'locations'), ...listAt(request, 'toolCall', 'content')];
  return places.flatMap((place) => textAt(place, 'path') ?? []);
}

function isWithin(lane: string, path: string): boolean {
  const way = relative(lane, resolve(lane, path));
  return way !== '..' && !way.startsWith('../') && !isAbsolute(way);
}
