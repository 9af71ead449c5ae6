"""Uses the OpenStack SDK as its users do, and prints as JSON what it found. The environment says who logs in."""

import json
import time

import openstack

connection = openstack.connect()
identity = connection.identity


# Who logs in without a project finds their projects, and goes on in one of them.
project = identity.find_project("eu-de")
inside = connection if connection.current_project_id else connection.connect_as_project(project)


def read(service_type, path, **query):
    """A raw GET below the address that the catalog has for a service."""
    answer = inside.session.get(path, endpoint_filter={"service_type": service_type}, params=query)
    answer.raise_for_status()
    return answer.json()


user = identity.create_user(name="sdk", password="the SDK's password")
reader = identity.find_role("reader")
identity.assign_project_role_to_user(project, user, reader)
users = sorted(found.name for found in identity.users())
identity.unassign_project_role_from_user(project, user, reader)
identity.delete_user(user)

now = int(time.time() * 1000)
print(
    json.dumps(
        {
            "project": connection.current_project_id,
            "inside": inside.current_project_id,
            "projects": [found.name for found in identity.projects()],
            "users": users,
            "roles": sorted(found.name for found in identity.roles()),
            "ddm": [
                job["id"] for job in read("ddmv1", "/jobs", start_time=now - 86_400_000, end_time=now + 60_000)["jobs"]
            ],
            "rds": [task["id"] for task in read("rdsv3", "/tasklist")["tasks"]],
            "geminidb": [job["id"] for job in read("nosql", "/jobs")["jobs"]],
            "taskcenter": read("taskcenter", "/tasks")["total"],
        }
    )
)
