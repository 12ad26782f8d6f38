/** Columns padded to their widest cell, the last one cut at the width. Cells are plain text. */
export function renderTable(rows: readonly (readonly string[])[], width: number): string[] {
  // Loops, not functions for each cell: there may be ten thousand rows, in a process that has just started.
  const widths: number[] = [];
  for (const row of rows) {
    for (let column = 0; column < row.length; column += 1) {
      const cellWidth = row[column]?.length ?? 0;
      if (cellWidth > (widths[column] ?? -1)) widths[column] = cellWidth;
    }
  }
  const last = widths.length - 1;
  return rows.map((row) => {
    let line = '';
    for (let column = 0; column < last; column += 1) line += `${(row[column] ?? '').padEnd(widths[column] ?? 0)}  `;
    line = (line + (row[last] ?? '')).trimEnd();
    return line.length > width ? `${line.slice(0, Math.max(1, width - 1))}…` : line;
  });
}

/** As {@link renderTable}, by columns, with their heads: of ten thousand rows none is ever made. */
export function renderColumns(
  heads: readonly string[],
  columns: readonly (readonly string[])[],
  width: number,
): string[] {
  const lines = Array.from<string>({ length: columns[0]?.length ?? 0 }).fill('');
  lines.unshift('');
  columns.forEach((cells, index) => {
    const isLast = index === columns.length - 1;
    const head = heads[index] ?? '';
    const widest = isLast ? 0 : Math.max(head.length, longest(cells)) + 2;
    const padded = new Map<string, string>();
    lines[0] += head.padEnd(widest);
    for (let row = 0; row < cells.length; row += 1) {
      const cell = cells[row] ?? '';
      // Cells of a column mostly have a few values.
      let text = isLast ? cell : padded.get(cell);
      if (text === undefined) {
        text = cell.padEnd(widest);
        if (padded.size < PADDED_MAX) padded.set(cell, text);
      }
      lines[row + 1] += text;
    }
  });
  return lines.map((line) => {
    const trimmed = line.trimEnd();
    return trimmed.length > width ? `${trimmed.slice(0, Math.max(1, width - 1))}…` : trimmed;
  });
}

const PADDED_MAX = 64;

function longest(cells: readonly string[]): number {
  let length = 0;
  for (const cell of cells) if (cell.length > length) length = cell.length;
  return length;
}

/** `4 s`, `3 min`, `2 h 5 min`. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `1 task`, `2 tasks`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
