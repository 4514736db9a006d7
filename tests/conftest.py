"""What several test files share."""

import shutil

import pytest


@pytest.fixture(scope="session")
def driver():
    """A browser without a network; a test that asks for it is skipped where there is none."""
    browser, service = shutil.which("chromium"), shutil.which("chromedriver")
    if not browser or not service:
        pytest.skip("no chromium and chromedriver on this machine")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = browser
    # A proxy that does not exist: what leaves the machine fails, and is seen.
    quiet = ("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--proxy-server=127.0.0.1:9", *quiet):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(service))
    driver.set_script_timeout(120)
    yield driver
    driver.quit()
