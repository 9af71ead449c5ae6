import { Type } from "typebox";
import { linePattern, namePattern, textPattern } from "../patterns.ts";

/**
 * The bodies that IAM reads. Clients send more members than these (`options`, `tags`, `default_project_id`); they mean
 * nothing here. Lengths count Unicode characters.
 */

const line = (minLength: number, maxLength: number) =>
  Type.String({ minLength, maxLength, pattern: linePattern });
const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

const name = Type.String({ minLength: 1, maxLength: 64, pattern: namePattern });
const reference = nullable(line(0, 64));
const description = nullable(Type.String({ maxLength: 255, pattern: textPattern }));
const email = nullable(line(0, 255));
const password = Type.String({ minLength: 8, maxLength: 256, pattern: textPattern });

const userMembers = {
  domain_id: Type.Optional(reference),
  description: Type.Optional(description),
  email: Type.Optional(email),
  enabled: Type.Optional(Type.Boolean()),
};

const projectMembers = {
  domain_id: Type.Optional(reference),
  parent_id: Type.Optional(reference),
  is_domain: Type.Optional(nullable(Type.Boolean())),
  description: Type.Optional(description),
  enabled: Type.Optional(Type.Boolean()),
};

export const CreateUserBody = Type.Object({
  user: Type.Object({ ...userMembers, name, password: Type.Optional(nullable(password)) }),
});

export const UpdateUserBody = Type.Object({
  user: Type.Object({ ...userMembers, name: Type.Optional(name), password: Type.Optional(password) }),
});

export const ChangePasswordBody = Type.Object({
  user: Type.Object({ original_password: Type.String({ maxLength: 256 }), password }),
});

export const CreateProjectBody = Type.Object({ project: Type.Object({ ...projectMembers, name }) });

export const UpdateProjectBody = Type.Object({
  project: Type.Object({ ...projectMembers, name: Type.Optional(name) }),
});

export const CreateAccessKeyBody = Type.Object({
  credential: Type.Object({
    user_id: Type.Optional(reference),
    description: Type.Optional(description),
  }),
});

/** `policy` is read only to be refused: a key that can do more than was asked for must not be made. */
export const CreateTemporaryKeyBody = Type.Object({
  auth: Type.Object({
    identity: Type.Object({
      methods: Type.Tuple([Type.Literal("token")]),
      token: Type.Optional(
        Type.Object({
          id: Type.Optional(Type.String()),
          duration_seconds: Type.Optional(Type.Integer()),
        }),
      ),
      policy: Type.Optional(Type.Unknown()),
    }),
  }),
});
