"""Pages of HTML from templates: everything that is filled in is escaped, and all of it is there."""

from typing import Any


def filled(package: str, template: str, **parts: Any) -> str:
    """Return a template of a package's folder `templates`, filled.

    Args:
        package: The package, such as "bathyscope.render".
        template: Name of the file.
        parts: What it shows; a part that it names and is not given is a fault of ours.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(package, "templates"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template(template).render(**parts)
