"""The explorer's entry point: navigation only. Started by `graphattr explore RUN`."""

import streamlit as st

from graphattr.explorer import ui
from graphattr.explorer.pages import quality, queue, ring


def main() -> None:
    """Lists the pages and runs the one that the address names."""
    # No page has a ":material/" icon: Streamlit would fetch it from outside for the browser's tab.
    st.set_page_config(page_title="graphattr", page_icon=ui.icon(), layout="wide")
    pages = {
        ui.QUEUE: st.Page(queue.show, title="Queue", url_path=ui.QUEUE, default=True),
        ui.RING: st.Page(ring.show, title="Ring", url_path=ui.RING),
        ui.QUALITY: st.Page(quality.show, title="Quality", url_path=ui.QUALITY),
    }
    st.session_state["pages"] = pages
    st.navigation(list(pages.values()), position="top").run()


if __name__ == "__main__":
    main()
