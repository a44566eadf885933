/** A picture of black and white dots: a set bit is black, the leftmost dot of a byte is its highest bit, rows begin at a byte. */
export class Bitmap {
  readonly width: number;
  readonly height: number;
  /** Bytes of one row. */
  readonly stride: number;
  readonly bytes: Uint8Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.stride = Math.ceil(width / 8);
    this.bytes = new Uint8Array(this.stride * height);
  }

  isBlack(x: number, y: number): boolean {
    return (this.bytes[y * this.stride + (x >> 3)]! & (0x80 >> (x & 7))) !== 0;
  }

  /** Blackens a rectangle, as far as it is inside. */
  fill(left: number, top: number, width: number, height: number): void {
    const [right, bottom] = [Math.min(left + width, this.width), Math.min(top + height, this.height)];
    for (let y = Math.max(top, 0); y < bottom; y += 1) {
      for (let x = Math.max(left, 0); x < right; x += 1) {
        this.bytes[y * this.stride + (x >> 3)]! |= 0x80 >> (x & 7);
      }
    }
  }
}
