import { columnsOf, cutTo, isNarrow } from './columns.ts';
import { wrapLine } from './wrap.ts';

type Rows = readonly (readonly string[])[];

const GAP = 2;
/** With less room than this for the last column, which says the most, it stands below the others. */
const LAST_MIN = 24;

/** Columns padded to their widest cell, the last one cut at the width; {@link tableRows}, one after the other. Cells are plain text. */
export function renderTable(rows: Rows, width: number): string[] {
  return tableRows(rows, width).flat();
}

/** The lines of each row: one, or several where the last column has no room beside the others and stands below them. */
export function tableRows(rows: Rows, width: number): string[][] {
  const sizes = sizesOf(rows);
  const lead = sizes.columns.slice(0, -1).reduce((sum, column) => sum + column + GAP, 0);
  if (lead === 0 || width - lead >= Math.min(LAST_MIN, sizes.columns.at(-1) ?? 0))
    return render(rows, sizes, width).map((line) => [line]);
  const last = sizes.columns.length - 1;
  const leads = renderRows(
    rows.map((row) => row.slice(0, last)),
    width,
  );
  return rows.map((row, index) => {
    const below = row[last] ?? '';
    return [leads[index] ?? '', ...(below === '' ? [] : wrapLine(`${' '.repeat(GAP)}${below}`, width))];
  });
}

/** One line for each row, cut at the width. */
export function renderRows(rows: Rows, width: number): string[] {
  return render(rows, sizesOf(rows), width);
}

interface Sizes {
  /** How wide they are. */
  readonly columns: readonly number[];
  /** No cell has more columns than characters. */
  readonly isNarrow: boolean;
}

// Loops, not functions for each cell: there may be ten thousand rows, in a process that has just started. What has as many
// columns as characters is not measured.
function sizesOf(rows: Rows): Sizes {
  const columns: number[] = [];
  let isNarrowTable = true;
  for (const row of rows) {
    const isNarrowRow = isNarrow(row.join(''));
    isNarrowTable &&= isNarrowRow;
    for (let column = 0; column < row.length; column += 1) {
      const cell = row[column] ?? '';
      const size = isNarrowRow ? cell.length : columnsOf(cell);
      if (size > (columns[column] ?? -1)) columns[column] = size;
    }
  }
  return { columns, isNarrow: isNarrowTable };
}

function render(rows: Rows, { columns, isNarrow: isPlain }: Sizes, width: number): string[] {
  const last = columns.length - 1;
  return rows.map((row) => {
    let line = '';
    for (let column = 0; column < last; column += 1) {
      const cell = row[column] ?? '';
      const size = columns[column] ?? 0;
      line += `${isPlain ? cell.padEnd(size) : cell + ' '.repeat(size - columnsOf(cell))}  `;
    }
    line = (line + (row[last] ?? '')).trimEnd();
    return isPlain && line.length <= width ? line : cutTo(line, width);
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
