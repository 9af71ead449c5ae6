/** Turns the system's error about a file into a line that names the file as it was named; any other stays as it is. */
export function fileTrouble(file: string, use: "read" | "written"): (error: unknown) => never {
  const missing = use === "read" ? `there is no file ${file}` : `there is no folder for ${file}`;
  const reasons: Readonly<Record<string, string>> = {
    EACCES: `${file} may not be ${use} by this user`,
    EISDIR: `${file} is a folder`,
    ENOENT: missing,
    ENOTDIR: missing,
    EPERM: `${file} may not be ${use} by this user`,
    EROFS: `${file} is on a disk that is read-only`,
  };
  return (error) => {
    const reason = error instanceof Error && "code" in error ? reasons[String(error.code)] : undefined;
    throw reason === undefined ? error : new Error(reason, { cause: error });
  };
}
