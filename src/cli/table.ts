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
