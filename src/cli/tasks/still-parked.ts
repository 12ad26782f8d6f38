/** What is forgotten after the task was mended. */
export function stillParked(id: string): string {
  return `${id} is still parked; put it back with: yard unpark ${id}`;
}
